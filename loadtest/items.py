"""Makes items for a load: `python loadtest/items.py reviews FILE | plates FOLDER | random FOLDER | serve`.

reviews   rated review sentences, fetched as the sentiment example fetches them (examples/sentiment/corpus.py)
plates    cars with number plates, drawn as the plate detector's pictures are (examples/plates/pictures.py)
random    pictures of random shapes
serve     a random picture at each address /N.jpg, the same for the same N, for loads by address
"""

import argparse
import io
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

EXAMPLES = Path(__file__).parents[1] / "examples"
SEED = 11
QUALITY = 85


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, kind in (("reviews", "FILE"), ("plates", "FOLDER"), ("random", "FOLDER")):
        made = verbs.add_parser(verb)
        made.add_argument("path", type=Path, metavar=kind)
        made.add_argument("--count", type=int, default=1000 if verb == "reviews" else 20)
    served = verbs.add_parser("serve")
    served.add_argument("--host", default="127.0.0.1")
    served.add_argument("--port", type=int, default=8090)
    options = parser.parse_args()
    if options.verb == "reviews":
        reviews(options.path, options.count)
    elif options.verb == "serve":
        with server(options.host, options.port) as pictures:
            pictures.serve_forever()
    else:
        options.path.mkdir(parents=True, exist_ok=True)
        draw = plate if options.verb == "plates" else random_picture
        for number in range(options.count):
            (options.path / f"{number:03}.jpg").write_bytes(draw(number))


def reviews(path: Path, count: int) -> None:
    """Write a sentence a line."""
    sys.path.insert(0, str(EXAMPLES / "sentiment"))
    from corpus import load  # noqa: PLC0415 - the example is no package

    found = load(path.parent).movies
    chosen = np.random.default_rng(SEED).permutation(len(found))[:count]
    path.write_text("".join(f"{' '.join(found[index].text.split())}\n" for index in chosen), encoding="utf-8")


def plate(number: int) -> bytes:
    """A JPEG of 320x320 with one, two or three plates."""
    sys.path.insert(0, str(EXAMPLES / "plates"))
    from pictures import picture  # noqa: PLC0415 - the example is no package

    return _jpeg(picture(np.random.default_rng([SEED, number]))[0])


def random_picture(number: int, side: int = 224) -> bytes:
    """A JPEG of shapes of all colours over noise: as large as a photograph of its size, and like no other."""
    rng = np.random.default_rng([SEED, number])
    coarse = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(5, 15))):
        left, top = (float(value) for value in rng.uniform(-0.2, 1, 2) * side)
        wide, tall = (float(value) for value in rng.uniform(0.05, 0.5, 2) * side)
        shape = pen.rectangle if rng.random() < 0.5 else pen.ellipse
        shape(
            (left, top, left + wide, top + tall), fill=tuple(int(value) for value in rng.integers(0, 256, 3))
        )
    return _jpeg(image)


def server(host: str, port: int) -> ThreadingHTTPServer:
    """Serves a random picture at each address `/N.jpg`; anything else is not found."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = self.path.removeprefix("/").removesuffix(".jpg")
            if not (self.path.endswith(".jpg") and number.isdecimal() and len(number) < 20):
                self.send_error(404)
                return
            content = random_picture(int(number))
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer((host, port), Handler)


def _jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


if __name__ == "__main__":
    main()
