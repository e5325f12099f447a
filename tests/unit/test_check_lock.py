from tools.check_lock import addresses


def test_a_lock_file_may_name_no_host():
    lock = "good==1.0 \\\n    --hash=sha256:abc\nbad @ https://example.org/bad.whl\n"
    assert addresses(lock) == ["bad @ https://example.org/bad.whl"]
