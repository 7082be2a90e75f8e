//! What a browser may be told that a file is: never anything that it would run.

/// What is known of no other kind.
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// Kinds that a browser shows or plays, and does nothing else with. Markup, which SVG is too, is shown as text; documents that
/// viewers run scripts of are bytes.
const SAFE: [&str; 21] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/tiff",
    "image/heif",
    "audio/mpeg",
    "audio/ogg",
    "audio/x-flac",
    "audio/x-wav",
    "audio/m4a",
    "audio/aac",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "application/font-woff",
    "font/woff2",
    "font/ttf",
];

/// The type of a file that begins with these bytes; `is_all` when it has no more.
pub(crate) fn media_type(first: &[u8], is_all: bool) -> &'static str {
    if let Some(kind) = infer::get(first) {
        if let Some(safe) = SAFE.iter().find(|safe| **safe == kind.mime_type()) {
            return safe;
        }
        if !kind.mime_type().starts_with("text/") {
            return BYTES;
        }
    }
    let is_text = match core::str::from_utf8(first) {
        Ok(_) => true,
        // The last character may have been cut.
        Err(error) => !is_all && error.error_len().is_none(),
    };
    if is_text && !first.contains(&0) { TEXT } else { BYTES }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_would_run_is_text_or_bytes() {
        for markup in [
            "<!doctype html><script>alert(1)</script>",
            "<html>",
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "<?xml version='1.0'?><svg/>",
            "#!/bin/sh\n",
            "{}",
            "",
        ] {
            assert_eq!(media_type(markup.as_bytes(), true), TEXT, "{markup}");
        }
        assert_eq!(media_type(b"%PDF-1.7\n", true), BYTES);
        assert_eq!(media_type(b"\0asm\x01\0\0\0", true), BYTES);
        assert_eq!(media_type(b"PK\x03\x04", true), BYTES);
    }

    #[test]
    fn what_it_shows_has_its_type() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", true), "image/png");
        assert_eq!(media_type(b"\xff\xd8\xff\xe0", true), "image/jpeg");
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 ", true), "image/webp");
    }

    #[test]
    fn text_may_be_cut_within_a_character() {
        let cut = &"é".as_bytes()[..1];
        assert_eq!((media_type(cut, false), media_type(cut, true)), (TEXT, BYTES));
        assert_eq!(media_type(b"a\xff\xfe", false), BYTES);
    }
}
