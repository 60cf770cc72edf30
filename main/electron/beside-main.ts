/** @file Program of the Node beside Electron (host-beside.ts): the browser host's server, which ends when the shell is gone. */

// The channel to the shell carries what its key store seals and opens; that it closes tells a crash of the shell. The server closes on SIGTERM.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref(); // waiting for that keeps no program alive that has refused its library

await import('../node/server-main.ts');
