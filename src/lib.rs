//! The Artifacts Worker.
