## What the container of a psql session runs. It ends once no psql has run for a minute, so that nothing is left behind
## by a client that was killed, and at the latest after the seconds of its first argument.
trap 'exit 0' INT TERM
left=$1 idle=0
while [ "$left" -gt 0 ] && [ "$idle" -lt 12 ]; do
  sleep 5 & wait $!
  left=$((left - 5)) idle=$((idle + 1))
  for comm in /proc/[0-9]*/comm; do
    read -r name < "$comm" 2>/dev/null || continue
    [ "$name" != psql ] || idle=0
  done
done
