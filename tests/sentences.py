"""Checks that are sentences, printed with their results."""


class Sentences:
    """The sentence that is being checked, which is printed with its result."""

    now = None

    @classmethod
    def end(cls, how="holds"):
        if cls.now:
            print("%s: %s" % (how, cls.now), flush=True)
        cls.now = None

    @classmethod
    def hold(cls, check, browser):
        """Run the check of a browser, which must not report an error."""
        try:
            check(browser)
            says("the browser reports no error")
            equal(browser.log("browser"), [])
            cls.end()
        except BaseException:
            cls.end("DOES NOT HOLD")
            raise


def says(sentence):
    """Begin the checks of a sentence."""
    Sentences.end()
    Sentences.now = sentence


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError("%s\nwanted: %.2000r\ngot:    %.2000r" %
                             (what, wanted, got))
