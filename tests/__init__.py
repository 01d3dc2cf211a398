"""Tests: test_<stage>.py mirrors stages/<stage>.py."""
