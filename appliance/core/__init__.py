"""Pure decisions: functions of state and `now`. Not even async."""
