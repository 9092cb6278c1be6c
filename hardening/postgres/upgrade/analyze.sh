## A server that is restored into has no statistics, and so no good plans.
. ./client.sh
exec vacuumdb --all --analyze-only --quiet --jobs=2
