"""Working the explorers by keyboard, and the checks that each move has to pass."""

import re

EXPLORER = ".cvae-explorer"
MIDDLE_PRESSES = 30  # arrow keys from one end of a slider to its middle, in steps of 0.1


class Explorer:
    """An explorer on a page: its controls, found as a screen reader finds them, and what it shows."""

    def __init__(self, locator):
        self.at = locator
        self.page = locator.page
        self.picture = locator.locator("img.cvae-picture").last

    def sliders(self):
        return self.at.get_by_role("slider").all()

    def slider(self, name):
        return self.at.get_by_role("slider", name=name, exact=True)

    def radios(self):
        return self.at.get_by_role("radio").all()

    def button(self, name):
        return self.at.get_by_role("button", name=name)

    def shown(self):
        """Return the picture's bytes as a data URL, and the readout."""
        return self.picture.get_attribute("src"), self.at.locator(".cvae-readout").inner_text()

    def settle(self):
        """Wait until the kernel has answered everything."""
        self.at.locator("xpath=self::*[not(@aria-busy='true')]").wait_for()

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)
        self.settle()

    def check_move(self, move):
        """Make a move, and check that the picture and the readout follow and that there is no error."""
        before = self.shown()
        move()
        self.settle()
        assert self.at.get_by_role("alert").all_inner_texts() in ([], [""]), self.at.get_by_role("alert").inner_text()
        after = self.shown()
        assert before[0] != after[0], f"the picture stayed; the readout: {after[1]}"
        assert before[1] != after[1], f"the readout stayed: {after[1]}"
        assert after[1] == self.picture.get_attribute("alt")

    def decoded_z(self):
        """Return the latent point that the readout names last."""
        return [float(value) for value in re.findall(r"z = \(([^)]*)\)", self.shown()[1])[-1].split(", ")]

    def check_slider(self, index):
        """Move one slider to its maximum, its minimum and its middle."""
        slider = self.sliders()[index]
        slider.focus()
        for key, times, expected in [("End", 1, 3), ("Home", 1, -3), ("ArrowRight", MIDDLE_PRESSES, 0)]:
            self.check_move(lambda key=key, times=times: self.press(key, times))
            assert self.decoded_z()[index] == expected
            assert float(slider.input_value()) == expected

    def check_labels(self):
        """Choose the first, the last and a middle label, or number of quadrants seen, by the arrow keys."""
        radios = self.radios()
        checked = next(label for label, radio in enumerate(radios) if radio.is_checked())
        radios[checked].focus()
        middle = len(radios) // 2
        for key, label in [("ArrowLeft", 0), ("ArrowLeft", len(radios) - 1), ("ArrowLeft", middle)]:
            now = next(label for label, radio in enumerate(radios) if radio.is_checked())
            times = (now - label) % len(radios)
            if times:
                self.check_move(lambda key=key, times=times: self.press(key, times))
            assert radios[label].is_checked()
            assert self.names_label(label), self.shown()[1]

    def names_label(self, label):
        """Say whether the readout names a label or, in a completion explorer, one quadrant more than its number."""
        readout = self.shown()[1]
        seen = re.search(r"seen: ([^;]*);", readout)
        return seen[1].count(",") == label if seen else readout.endswith(f"the label {label}")

    def check_every_control(self):
        """Move each slider, and the labels where there are any."""
        assert self.sliders()
        for index in range(len(self.sliders())):
            self.check_slider(index)
        if self.radios():
            self.check_labels()


def wait_for_explorer(locator):
    """Wait until an explorer shows its picture."""
    locator.locator("img.cvae-picture").last.wait_for()
    return Explorer(locator)
