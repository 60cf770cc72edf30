/** @file Questions that chest films are often read with, to start a session from. Every one of them can be changed. */
import type { ReviewQuestion } from '../../../../../shared/contract/review.ts';

export interface QuestionTemplate {
  readonly name: string;
  readonly about: string;
  readonly questions: readonly ReviewQuestion[];
}

const QUALITY: ReviewQuestion = {
  id: 'quality',
  text: 'Is the film good enough to read?',
  answers: ['Good', 'Limited', 'Not readable'],
  ordered: true,
  required: true,
};
const ABNORMAL: ReviewQuestion = {
  id: 'abnormal',
  text: 'Is the film normal?',
  answers: ['Normal', 'Abnormal'],
  ordered: false,
  required: true,
};
const CERTAINTY: ReviewQuestion = {
  id: 'certainty',
  text: 'How likely is disease?',
  answers: ['Surely not', 'Probably not', 'Cannot tell', 'Probably', 'Surely'],
  ordered: true,
  required: true,
};
const TUBERCULOSIS: ReviewQuestion = {
  id: 'tuberculosis',
  text: 'Does the film suggest tuberculosis?',
  answers: ['No', 'Healed', 'Possibly active', 'Active'],
  ordered: true,
  required: true,
};
const URGENCY: ReviewQuestion = {
  id: 'urgency',
  text: 'How soon should somebody act?',
  answers: ['Routine', 'This week', 'Today', 'Now'],
  ordered: true,
  required: false,
};
const HEART: ReviewQuestion = {
  id: 'heart-size',
  text: 'Heart size',
  answers: ['Normal', 'Borderline', 'Enlarged', 'Cannot be judged'],
  ordered: false,
  required: false,
};

/** The first is what a new session has. */
export const QUESTION_TEMPLATES: readonly QuestionTemplate[] = [
  {
    name: 'Normal or abnormal',
    about: 'Quality, normal or abnormal, and how likely disease is on a five-point scale',
    questions: [QUALITY, ABNORMAL, CERTAINTY],
  },
  {
    name: 'Tuberculosis screening',
    about: 'Quality, signs of tuberculosis, urgency',
    questions: [QUALITY, TUBERCULOSIS, URGENCY],
  },
  {
    name: 'Triage',
    about: 'Normal or abnormal, urgency, heart size',
    questions: [ABNORMAL, URGENCY, HEART],
  },
  { name: 'Marks only', about: 'No questions: findings are marked on the film', questions: [] },
];

/** An id for a question that none of `taken` has. */
export function freeQuestionId(taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number++) {
    const id = `question-${number}`;
    if (!taken.includes(id)) return id;
  }
}
