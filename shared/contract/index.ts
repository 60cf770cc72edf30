/** @file The whole contract: one entry per capability. Server and window are both typed by it. */
import type { ContractRouterClient } from '@orpc/contract';

import { annotationsContract } from './annotations.ts';
import { copiesContract } from './copies.ts';
import { auditContract } from './audit.ts';
import { deidentifyContract } from './deidentify.ts';
import { encryptionContract } from './encryption.ts';
import { evaluationContract } from './evaluation.ts';
import { exchangeContract } from './exchange.ts';
import { inferenceContract } from './inference.ts';
import { libraryContract } from './library.ts';
import { lockContract } from './lock.ts';
import { readersContract } from './readers.ts';
import { reviewContract } from './review-session.ts';
import { sampleContract } from './sample.ts';
import { studiesContract } from './study.ts';
import { systemContract } from './system.ts';
import { trainingContract } from './training.ts';

export const contract = {
  library: libraryContract,
  annotations: annotationsContract,
  training: trainingContract,
  evaluation: evaluationContract,
  sample: sampleContract,
  studies: studiesContract,
  readers: readersContract,
  review: reviewContract,
  inference: inferenceContract,
  exchange: exchangeContract,
  copies: copiesContract,
  deidentify: deidentifyContract,
  encryption: encryptionContract,
  audit: auditContract,
  lock: lockContract,
  system: systemContract,
};

export type Contract = typeof contract;
export type ContractClient = ContractRouterClient<Contract>;
