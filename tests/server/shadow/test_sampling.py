from modelyard_server.shadow.sampling import draw

NAMES = [b"request-%d" % number for number in range(4000)]


def test_a_name_always_draws_the_same() -> None:
    assert all(draw("r1-r2", name) == draw("r1-r2", name) for name in NAMES)


def test_the_share_is_what_is_asked_for() -> None:
    drawn = [draw("r1-r2", name) for name in NAMES]
    assert all(0 <= number < 1 for pair in drawn for number in pair)
    # Five standard deviations of a share of 10 per cent of 4,000.
    assert abs(sum(first < 0.1 for first, _ in drawn) - 400) < 95
    chosen = [second for first, second in drawn if first < 0.5]
    assert abs(sum(second < 0.1 for second in chosen) - len(chosen) / 10) < 70


def test_another_pair_chooses_others() -> None:
    both = sum(draw("r1-r2", name).first < 0.1 and draw("r1-r3", name).first < 0.1 for name in NAMES)
    assert both < 80
