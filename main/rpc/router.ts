/** @file The whole router over the services. Both transports serve this one object. */
import type { Services } from '../services/app.ts';
import type { Log } from '../services/service-types.ts';
import { annotationsRouter } from './annotations-router.ts';
import { copiesRouter } from './copies-router.ts';
import { evaluationRouter } from './evaluation-router.ts';
import { auditRouter } from './audit-router.ts';
import { deidentifyRouter } from './deidentify-router.ts';
import { encryptionRouter } from './encryption-router.ts';
import { exchangeRouter } from './exchange-router.ts';
import { implementer } from './implementer.ts';
import { inferenceRouter } from './inference-router.ts';
import { libraryRouter } from './library-router.ts';
import { lockRouter } from './lock-router.ts';
import { readersRouter } from './readers-router.ts';
import { reviewRouter } from './review-router.ts';
import { sampleRouter } from './sample-router.ts';
import { studiesRouter } from './studies-router.ts';
import { systemRouter } from './system-router.ts';
import { trainingRouter } from './training-router.ts';

export function createRouter(services: Services, log: Log) {
  const os = implementer(log, services.lock);
  return os.router({
    library: libraryRouter(os.library, services.library),
    annotations: annotationsRouter(os.annotations, services.annotations),
    training: trainingRouter(os.training, services.training),
    evaluation: evaluationRouter(os.evaluation, services.evaluation),
    sample: sampleRouter(os.sample, services.sample),
    studies: studiesRouter(os.studies, services.studies),
    readers: readersRouter(os.readers, services.readers),
    review: reviewRouter(os.review, services.review),
    inference: inferenceRouter(os.inference, services.inference),
    exchange: exchangeRouter(os.exchange, services.exchange),
    copies: copiesRouter(os.copies, services.copies),
    deidentify: deidentifyRouter(os.deidentify, services.deidentify),
    encryption: encryptionRouter(os.encryption, services.encryption),
    audit: auditRouter(os.audit, services.audit),
    lock: lockRouter(os.lock, services.lock),
    system: systemRouter(os.system, services.system),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;
