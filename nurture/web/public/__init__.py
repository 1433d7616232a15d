"""Pages that a signed link opens: no login, no cookie, no script. Reading one changes nothing."""
