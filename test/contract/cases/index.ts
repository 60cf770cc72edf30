/**
 * @file One case for every procedure of the contract. The type asks for each of them, and so does a test: a procedure without
 * a case fails the suite.
 */
import type { Cases } from './case.ts';
import { annotationsCases } from './annotations.ts';
import { copiesCases } from './copies.ts';
import { encryptionCases } from './encryption.ts';
import { evaluationCases } from './evaluation.ts';
import { lockCases } from './lock.ts';
import { auditCases } from './audit.ts';
import { deidentifyCases } from './deidentify.ts';
import { exchangeCases } from './exchange.ts';
import { inferenceCases } from './inference.ts';
import { libraryCases } from './library.ts';
import { readersCases } from './readers.ts';
import { reviewCases } from './review.ts';
import { sampleCases } from './sample.ts';
import { studiesCases } from './studies.ts';
import { systemCases } from './system.ts';
import { trainingCases } from './training.ts';

export const CASES: Cases = {
  library: libraryCases,
  annotations: annotationsCases,
  training: trainingCases,
  evaluation: evaluationCases,
  studies: studiesCases,
  readers: readersCases,
  review: reviewCases,
  sample: sampleCases,
  inference: inferenceCases,
  exchange: exchangeCases,
  copies: copiesCases,
  deidentify: deidentifyCases,
  encryption: encryptionCases,
  audit: auditCases,
  lock: lockCases,
  system: systemCases,
};
