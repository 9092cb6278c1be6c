#!/bin/sh
## `send-each.sh ADDRESS PORT <REQUESTS`: sends each line of its input, which printf %b makes a request of, a few at a
## time. Prints a line for each, in any order: its number and the beginning of its answer.
address=$1
port=$2

## An answer that is a stream is given up.
one() {
  answer=$(printf '%b' "$2" | timeout 10 busybox nc -w 5 "$address" "$port" 2>/dev/null |
    head -c 600 | tr -d '\000-\037')
  printf '%s %s\n' "$1" "$answer"
}

number=0
while read -r line; do
  one "$number" "$line" &
  number=$((number + 1))
  [ $((number % 4)) -ne 0 ] || wait
done
wait
