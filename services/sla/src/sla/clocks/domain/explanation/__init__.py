"""Why a clock stands where it stands: a trace of stretches, and a sentence."""
