/** @file The services with their traces: which procedures the audit trail tells of, and what it says. compose.ts applies them. */
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { ByteSources } from '../app.ts';
import type { ImportService } from '../import/import-service.ts';
import type {
  EvaluationService,
  ExchangeService,
  InferenceService,
  LibraryService,
  StudiesService,
  TrainingService,
} from '../service-types.ts';
import type { AuditLog } from './audit-log.ts';

export function auditedImports(imports: ImportService, audit: AuditLog): ImportService {
  return {
    ...imports,
    async start(source, kind) {
      const id = await imports.start(source, kind);
      audit.record('import', id, { what: kind === 'sample' ? 'sample films' : 'films' });
      return id;
    },
  };
}

export function auditedLibrary(service: LibraryService, audit: AuditLog): LibraryService {
  return {
    ...service,
    async createSplit(input, context) {
      const answer = await service.createSplit(input, context);
      audit.record('split', answer.id);
      return answer;
    },
  };
}

export function auditedTraining(service: TrainingService, audit: AuditLog): TrainingService {
  return {
    ...service,
    async start(input, context) {
      const answer = await service.start(input, context);
      audit.record('train', answer.runId, { method: input.method, model: input.model });
      return answer;
    },
    async importStart(input, context) {
      const answer = await service.importStart(input, context);
      audit.record('import', answer.id, { what: 'start weights' });
      return answer;
    },
    async remove(input, context) {
      const answer = await service.remove(input, context);
      audit.record('delete', input.runId, { what: 'run' });
      return answer;
    },
    async removeStart(input, context) {
      const answer = await service.removeStart(input, context);
      audit.record('delete', input.id, { what: 'start weights' });
      return answer;
    },
    async dropKnowledge(input, context) {
      const answer = await service.dropKnowledge(input, context);
      audit.record('delete', input.key, { what: 'cached knowledge' });
      return answer;
    },
  };
}

export function auditedStudies(service: StudiesService, audit: AuditLog): StudiesService {
  return {
    ...service,
    async start(input, context) {
      const answer = await service.start(input, context);
      audit.record('study', answer.studyId);
      return answer;
    },
    async remove(input, context) {
      const answer = await service.remove(input, context);
      audit.record('delete', input.studyId, { what: 'study' });
      return answer;
    },
  };
}

export function auditedEvaluation(service: EvaluationService, audit: AuditLog): EvaluationService {
  return {
    ...service,
    async report(input, context) {
      const answer = await service.report(input, context);
      audit.record('export', answer.sha256, { what: 'report' });
      return answer;
    },
    async exportStudy(input, context) {
      const answer = await service.exportStudy(input, context);
      audit.record('export', answer.sha256, { what: 'study table', format: input.format });
      return answer;
    },
  };
}

export function auditedInference(service: InferenceService, audit: AuditLog): InferenceService {
  return {
    ...service,
    async predict(input, context) {
      const answer = await service.predict(input, context);
      audit.recordOnce('predict', input.filmId, { runId: input.runId });
      return answer;
    },
    async figure(input, context) {
      const answer = await service.figure(input, context);
      audit.record('export', answer.sha256, { what: 'figure' });
      return answer;
    },
  };
}

export function auditedExchange(service: ExchangeService, audit: AuditLog): ExchangeService {
  return {
    ...service,
    async removeScores(input, context) {
      const answer = await service.removeScores(input, context);
      audit.record('delete', input.modelId, { what: 'scores' });
      return answer;
    },
    async modelCard(input, context) {
      const answer = await service.modelCard(input, context);
      audit.record('export', answer.sha256, { what: 'model card' });
      return answer;
    },
    async remove(input, context) {
      const answer = await service.remove(input, context);
      audit.record('delete', input.exportId, { what: 'export' });
      return answer;
    },
  };
}

export function auditedBytes(bytes: ByteSources, audit: AuditLog): ByteSources {
  return {
    ...bytes,
    async frame(filmId, frame) {
      const answer = await bytes.frame(filmId, frame);
      audit.recordOnce('view', filmId);
      return answer;
    },
    async colour(filmId, frame) {
      const answer = await bytes.colour(filmId, frame);
      audit.recordOnce('view', filmId);
      return answer;
    },
    async preview(filmId) {
      const answer = await bytes.preview(filmId);
      audit.recordOnce('view', filmId);
      return answer;
    },
    async weights(runId, layout) {
      const answer = await bytes.weights(runId, layout);
      audit.record('export', runId, { what: 'weights', layout });
      return answer;
    },
    async support() {
      const answer = await bytes.support();
      recordSupport(audit);
      return answer;
    },
  };
}

/** A support bundle is wanted most where a disk is full and no act can be kept: it names nobody, and is handed out all the same. */
export function recordSupport(audit: AuditLog): void {
  try {
    audit.record('export', '', { what: 'support bundle' });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}
