/** @file The passphrase of libraries that the tests of conversion make. */
export const CONVERT_PASSPHRASE = 'Lunge Herz Rippe Zwerchfell';
