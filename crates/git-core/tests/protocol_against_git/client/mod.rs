//! Fetching from `git upload-pack`.

mod fetching;
mod interrupted;
mod listing;
mod remote;
