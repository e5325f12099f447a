"""Checks of what this house has agreed on and no general tool knows: one small file each."""
