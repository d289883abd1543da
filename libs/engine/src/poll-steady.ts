/**
 * A container that its engine has restarted counts as restarting until it has run for so long. Until then the engine's
 * restart back-off goes on (moby, restartmanager), and the container would be running and restarting by turns.
 */
export const steadyMs = 10_000;
