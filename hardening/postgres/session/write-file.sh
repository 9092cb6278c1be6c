## Writes its standard input to the file of its first argument, which only its owner can read.
umask 077; cat > "$1"
