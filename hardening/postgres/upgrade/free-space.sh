## MiB that are free where the dump and the new volume will be; in both containers that is the engine's own disk.
df -Pk /tmp | awk 'NR == 2 { print int($4 / 1024) }'
