"""Files and text of any kind, read with suspicion and written whole or not at all.

`archive` names files safely and writes them and zips; `zips` and `folders` read what others made,
within bounds; `text_table`, `values` and `whole_numbers` read text as tables and numbers;
`sanitize` puts other people's words into sentences.
"""
