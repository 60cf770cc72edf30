/** @file Takes from a wheel what the native engine needs, with Python's own zip reader (pip needs Python anyway). */
import { run } from './run.mjs';

const TENSORFLOW = `
import os, shutil, sys, zipfile
wheel, out = sys.argv[1:]
prefix = 'tensorflow/include/'
headers = tuple(prefix + part for part in ('tensorflow/c/', 'tensorflow/core/platform/',
    'tensorflow/core/common_runtime/next_pluggable_device/c/', 'tsl/platform/', 'xla/tsl/'))
files = {'tensorflow/' + name: 'lib/' + name for name in (
    'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2',
    'libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib')}
files['tensorflow/THIRD_PARTY_NOTICES.txt'] = 'THIRD_PARTY_NOTICES.txt'
files['tensorflow/include/LICENSE'] = 'LICENSE'
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        name = info.filename
        if name.endswith('/'): continue
        target = files.get(name) or ('include/' + name[len(prefix):] if name.startswith(headers) else None)
        if target is None: continue
        path = os.path.join(out, target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(info) as source, open(path, 'wb') as file: shutil.copyfileobj(source, file, 1 << 20)
`;

/** Libraries, device code and programs of an NVIDIA wheel, without its headers; its licence beside them. */
const NVIDIA = `
import os, shutil, sys, zipfile
wheel, out = sys.argv[1:]
package = os.path.basename(wheel).split('-')[0]
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        name = info.filename
        if name.endswith('/'): continue
        if name.startswith('nvidia/') and '/include/' not in name: target = name
        elif name.lower().endswith(('license.txt', '/license')): target = 'nvidia/licences/' + package + '.txt'
        else: continue
        path = os.path.join(out, target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(info) as source, open(path, 'wb') as file: shutil.copyfileobj(source, file, 1 << 20)
        if '/bin/' in name: os.chmod(path, 0o755)
`;

/** Unpacks `wheel` (a path) into `deps`. */
export function extractWheel(wheel, deps) {
  run('python3', ['-c', wheel.includes('nvidia_') ? NVIDIA : TENSORFLOW, wheel, deps]);
}
