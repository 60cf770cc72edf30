/** @file The command line under plain Node: `node main/cli/cli.ts VERB …`. The shell of a packed app runs the same verbs. */
import { keepMemoryOutOfCores } from '../node/core-dumps.ts';
import { runCli } from './run-cli.ts';

keepMemoryOutOfCores();
process.exitCode = await runCli(process.argv.slice(2));
