"""Time, tasks, signals, chance and the journal of a real process, on asyncio."""
