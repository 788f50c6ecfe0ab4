"""The content editor's desk: check, status, signing, and the preview site."""
