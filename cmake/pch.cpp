// Carries the precompiled header that every torch-heavy target reuses.
