"""The login screen, and the dialogs over the main screen."""
