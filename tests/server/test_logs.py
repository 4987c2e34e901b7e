"""What reaches the log, and what does not."""

import io
import warnings

from modelyard_server.logs import configure_logging
from modelyard_server.tasks.pictures.decode import Decoder
from tests.server.image_models import textured

BROKEN_EXIF = b"Exif\0\0II*\0\xff\0\0\0"
"""Its directory would lie behind its end."""


def test_what_pillow_says_of_a_file_stays_out_of_the_log_whatever_libraries_do_to_filters() -> None:
    file = io.BytesIO()
    textured((60, 45)).save(file, "JPEG", exif=BROKEN_EXIF)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        configure_logging()
        # As FastAPI and pydantic do in one thread while another loads the model.
        with warnings.catch_warnings():
            decoder = Decoder("RGB", 1_000_000, lambda size: size)
        decoder.decode(file.getvalue())

    assert [str(each.message) for each in said] == []
