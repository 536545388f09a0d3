import os
import unittest

import fluxloop
from helpers import FolderCase


class ConfigTest(FolderCase):
    def setUp(self):
        super().setUp()
        saved = dict(os.environ)

        def restore():
            os.environ.clear()
            os.environ.update(saved)
            fluxloop.reset_config()

        self.addCleanup(restore)

    def test_configure_changes_and_returns_the_configuration(self):
        config = fluxloop.configure(service_name="s", sample_rate="0.5")
        self.assertIs(config, fluxloop.get_config())
        self.assertEqual((config.service_name, config.sample_rate), ("s", 0.5))
        self.assertIsNone(fluxloop.reset_config().service_name)

    def test_all_names_of_the_original_are_accepted(self):
        fluxloop.configure(
            collector_url="https://x.example/",
            api_key="k",
            enabled=True,
            debug=False,
            use_collector=False,
            offline_store_enabled=False,
            offline_store_dir=self.folder,
            batch_size=5,
            flush_interval=1,
            max_queue_size=10,
            timeout=3,
            environment="test",
        )
        self.assertEqual(fluxloop.get_config().collector_url, "https://x.example")

    def test_an_invalid_setting_is_refused_and_changes_nothing(self):
        for name, value in (
            ("nonsense", 1), ("sample_rate", 2), ("batch_size", 0), ("collector_url", "x"),
            ("enabled", "maybe"), ("timeout", None), ("timeout", "soon"),
            ("batch_size", float("inf")),
        ):
            wrong = {name: value}
            with self.subTest(wrong):
                with self.assertRaisesRegex(ValueError, name):
                    fluxloop.configure(service_name="changed", **wrong)
                self.assertIsNone(fluxloop.get_config().service_name)

    def test_the_api_key_is_not_shown(self):
        self.assertNotIn("k-123", repr(fluxloop.configure(api_key="k-123")))

    def test_masking_is_turned_off_only_by_a_word_that_says_so(self):
        for word, masks in [("", True), ("false", False), (" OFF ", False), ("0", False), ("no", False), ("yes", True)]:
            os.environ["FLUXLOOP_MASK_SECRETS"] = word
            self.assertIs(fluxloop.reset_config().mask_secrets, masks, word)
        for word in "maybe", "disabled", "n":
            os.environ["FLUXLOOP_MASK_SECRETS"] = word
            with self.assertWarnsRegex(RuntimeWarning, "FLUXLOOP_MASK_SECRETS is ignored: must be true or false"):
                self.assertIs(fluxloop.reset_config().mask_secrets, True, word)
            with self.assertRaises(ValueError):
                fluxloop.configure(mask_secrets=word)

    def test_an_invalid_variable_causes_a_warning(self):
        os.environ["FLUXLOOP_BATCH_SIZE"] = "many"
        with self.assertWarns(RuntimeWarning):
            self.assertEqual(fluxloop.reset_config().batch_size, 10)

    def test_load_env_reads_a_file_or_its_folder(self):
        self.write(
            ".env",
            """
            # a comment
            export FLUXLOOP_SERVICE_NAME=svc  # the service
            A='single $x'
            B="double \\"q\\" \\n ${A_DEFAULT:-dflt}"
            C=plain#not-a-comment
            D=
            not an assignment
            """,
        )
        self.assertTrue(fluxloop.load_env(self.folder))
        self.assertEqual(fluxloop.get_config().service_name, "svc")
        found = [os.environ[name] for name in "ABCD"]
        self.assertEqual(found, ["single $x", 'double "q" \n dflt', "plain#not-a-comment", ""])
        self.assertFalse(fluxloop.load_env(self.path("missing.env")))

    def test_load_env_can_leave_variables_alone(self):
        os.environ["FLUXLOOP_SERVICE_NAME"] = "mine"
        path = self.write("x.env", "FLUXLOOP_SERVICE_NAME=theirs\n")
        fluxloop.load_env(path, override=False)
        self.assertEqual(fluxloop.get_config().service_name, "mine")
        fluxloop.load_env(path)
        self.assertEqual(fluxloop.get_config().service_name, "theirs")


if __name__ == "__main__":
    unittest.main()
