/** The DNS name of a socket proxy on the network that it shares with its one consumer. */
export const SOCKET_PROXY_ALIAS = "docker-api";

export const SOCKET_PROXY_PORT = 2375;
