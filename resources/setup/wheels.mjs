/**
 * @file TensorFlow and NVIDIA wheels by platform, each pinned to the SHA-256 that the package index gives for it. A wheel
 * without a checksum here is never used.
 */

export const VERSION = '2.20.0';

const PYTHON = 'cp311-cp311';
const LINUX = {
  x64: 'manylinux_2_17_x86_64.manylinux2014_x86_64',
  arm64: 'manylinux_2_17_aarch64.manylinux2014_aarch64',
};

const tensorflow = (name, tag, sha256, megabytes) => ({
  name,
  version: VERSION,
  file: `${name.replace('-', '_')}-${VERSION}-${PYTHON}-${tag}.whl`,
  platforms: tag.split('.'),
  sha256,
  megabytes,
});

/** CUDA 12.5 and cuDNN 9.3, the versions that TensorFlow 2.20 asks for at least. */
const nvidia = (name, version, sha256, tag = 'manylinux2014_x86_64') => ({
  name: `nvidia-${name}-cu12`,
  version,
  file: `nvidia_${name.replaceAll('-', '_')}_cu12-${version}-py3-none-${tag}.whl`,
  platforms: tag.split('.'),
  sha256,
});

const NVIDIA = [
  nvidia('cublas', '12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'),
  nvidia('cuda-cupti', '12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'),
  nvidia('cuda-nvcc', '12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'),
  nvidia('cuda-nvrtc', '12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'),
  nvidia('cuda-runtime', '12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'),
  nvidia('cudnn', '9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'),
  nvidia('cufft', '11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'),
  nvidia('curand', '10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'),
  nvidia('cusolver', '11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'),
  nvidia('cusparse', '12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'),
  nvidia(
    'nccl',
    '2.25.1',
    '362aed5963fb9ea2ed2f264409baae30143498fd0e5c503aeaa1badd88cdc54a',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
  ),
  nvidia('nvjitlink', '12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'),
];

const WHEELS = {
  'cpu-linux-x64': [
    tensorflow(
      'tensorflow-cpu',
      LINUX.x64,
      'cf756bbe2d256e942ab5d0ad2c858fb40017581494febdb4387c149b1afde780',
      259,
    ),
  ],
  'gpu-linux-x64': [
    tensorflow(
      'tensorflow',
      LINUX.x64,
      '481499fd0f824583de8945be61d5e827898cdaa4f5ea1bc2cc28ca2ccff8229e',
      620,
    ),
    ...NVIDIA,
  ],
  'cpu-linux-arm64': [
    tensorflow(
      'tensorflow',
      LINUX.arm64,
      '3e9568c8efcb05c0266be223e3269c62ebf7ad3498f156438311735f6fa5ced5',
      259,
    ),
  ],
  'cpu-darwin-arm64': [
    tensorflow(
      'tensorflow',
      'macosx_12_0_arm64',
      '5f964016c5035d09b85a246a6b739be89282a7839743f3ea63640224f0c63aee',
      201,
    ),
  ],
};

/**
 * The wheels for a platform: the graphics card's where it has them and `gpu` is asked for, else the processor's.
 * Null where no checksum is pinned (Windows, macOS on Intel).
 */
export function wheelsFor(platform, arch, gpu) {
  const device = gpu && WHEELS[`gpu-${platform}-${arch}`] ? 'gpu' : 'cpu';
  const wheels = WHEELS[`${device}-${platform}-${arch}`];
  return wheels === undefined ? null : { device, wheels };
}
