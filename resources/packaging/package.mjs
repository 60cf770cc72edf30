/**
 * @file `npm run package`: the installers of this system by electron-builder, from Electron's files in a local folder, so that
 * nothing is fetched; with the list of everything inside (CycloneDX), and not without the key that updates are signed with.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { writeBillOfMaterials } from '../licences/make-sbom.mjs';
import { root } from '../setup/paths.mjs';
import { exitCodeOf, guarded, say, SetupError, step } from '../setup/run.mjs';
import { setUp } from '../setup/setup.mjs';
import { SUMS, writeChecksums } from './checksums.mjs';
import { needReleaseKey } from './release-keys.mjs';

const HELP = `npm run package -- [OPTIONS]
  --electron DIR   Electron's files, unpacked from its own zip (default: those that npm start has fetched)
  --output DIR     where the packages go (default: dist/packages)
  --dir            only the folder of the app, no installers
  --trial          installers without a release key: what they install takes no updates from files
`;

const SYSTEMS = { linux: '--linux', win32: '--win', darwin: '--mac' };

function options() {
  const known = {
    electron: { type: 'string' },
    output: { type: 'string' },
    dir: { type: 'boolean' },
    trial: { type: 'boolean' },
  };
  try {
    return parseArgs({ options: known }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n${HELP}`);
  }
}

/** The folder, when it holds the Electron that this version is made for. @throws SetupError */
function electronFolder(named, wanted) {
  const folder = resolve(named ?? join(root, 'node_modules', 'electron', 'dist'));
  const file = join(folder, 'version');
  if (!existsSync(file)) {
    throw new SetupError(
      `${folder} holds no Electron. Unpack electron-v${wanted}-${process.platform}-${process.arch}.zip into a folder and name it with --electron.`,
    );
  }
  const found = readFileSync(file, 'utf8').trim().replace(/^v/, '');
  if (found !== wanted) {
    throw new SetupError(`${folder} holds Electron ${found}; this version needs ${wanted}.`);
  }
  return folder;
}

await guarded(async () => {
  const { electron, output, dir, trial } = options();
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = electronFolder(electron, devDependencies.electron);
  if (!dir && !trial) {
    const names = needReleaseKey().map(({ name }) => name);
    say(`These packages take updates signed by: ${names.join(', ')}`);
  }
  const node = await setUp({ window: true, engine: 'required' });
  await step('Listing what is inside (CycloneDX)', () =>
    writeBillOfMaterials(join(root, 'dist', 'sbom.cdx.json')),
  );
  const args = [SYSTEMS[process.platform], ...(dir ? ['dir'] : []), `-c.electronDist=${folder}`];
  // No archive there: the Node that runs the app cannot read one (docs/decisions/0004).
  if (process.platform === 'linux') args.push('-c.electronFuses.onlyLoadAppFromAsar=false');
  if (output !== undefined) args.push(`-c.directories.output=${resolve(output)}`);
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const { status, signal } = spawnSync(node, [builder, ...args, '--publish', 'never'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0 && !dir) {
    const packages = resolve(output ?? join(root, 'dist', 'packages'));
    say(`${join(packages, SUMS)}, to publish apart from the installers:`);
    for (const line of await writeChecksums(packages)) say(`  ${line}`);
  }
  return exitCodeOf(status, signal);
});
