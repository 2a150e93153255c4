"""What benchmarks of live share: a publisher whose pictures tell the time, players that read it, a rival."""
