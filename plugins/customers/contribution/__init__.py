"""What each customer brings the company: revenue and gross profit by month, told by a sheet or by a plugin."""
