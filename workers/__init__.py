"""The RQ side: this process's App, one thin function per job, the clock."""
