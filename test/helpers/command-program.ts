/** @file Run as its own process: a verb as the shell of macOS and Windows runs it, with the stand-in for utility processes. */
import { runCommand } from '../../main/electron/run-command.ts';
import { forkUtility } from './utility-stand-in.ts';

const options = { platform: 'darwin', appDir: '', node: null, fork: forkUtility } as const;
process.exitCode = await runCommand(process.argv.slice(2), options);
