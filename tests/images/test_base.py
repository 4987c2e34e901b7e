from images import base


def test_the_mirror_is_the_main_archive_that_apt_knows() -> None:
    targets = [
        "Elsewhere|Elsewhere|https://apt.example.org/|main",
        "Debian|Debian-Security|http://mirror.example.org/debian-security/|main",
        "Debian|Debian|http://mirror.example.org/debian/|contrib",
        "Debian|Debian|http://mirror.example.org/debian/|main",
    ]
    assert base.mirror_of(targets) == "http://mirror.example.org/debian/"
    assert base.mirror_of(targets[:3]) is None


def test_the_name_says_what_the_image_is_made_of() -> None:
    assert base.reference().startswith(f"{base.REPOSITORY}:{base.SUITE}-")
