"""Tests: test_<stage>.py mirrors stages/<stage>.py, a folder its room of song_mixtures/."""
