"""Widgets of the main screen: sidebar, message list, composer, status bar."""
