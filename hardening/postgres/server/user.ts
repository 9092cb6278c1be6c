/** The user that the official Alpine image runs the server as, and that owns its data. */
export const SERVER_UID = 70;

/** `uid:gid`: who starts the server, and whose files it reads. */
export const SERVER_USER = `${SERVER_UID}:${SERVER_UID}`;
