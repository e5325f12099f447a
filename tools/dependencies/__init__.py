"""What the lock files name: that they are current, licensed and without known vulnerability."""
