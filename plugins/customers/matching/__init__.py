"""Which records may be one person: keys, blocks, a score; then merged by the rule, asked in the queue, or nothing."""
