"""Fair ranking: stores compete with stores of their kind, people with people, by what each can reach.

`method` says how and why in words, and holds the rules as plain functions; `periods` knows days, weeks and
months; `rollups` reads and writes figures of the whole chain; `snapshots` publishes and corrects; `reading`
gives pages what a person may see; `pages`, `views` and `cards` show it; `people` asks other plugins.
"""
