/** @file What the keys and buttons of the reading page do. */
import type { ViewerImage } from '../../../../../shared/contract/library.ts';
import type { FilmId } from '../../../../../shared/domain/ids.ts';
import { WINDOW_PRESETS } from '../../../../../shared/domain/lut.ts';
import type { ViewState } from '../../../viewer/view-state.svelte.ts';
import { placeMark, raiseConfidence } from '../place-mark.ts';
import { judgeable } from './model-words.ts';
import type { ReadActions } from './read-keys.ts';
import type { ReadState } from './read-state.svelte.ts';

/** What lies around the film. */
export interface ReadRoom {
  readonly preferences: { identityMasked: boolean };
  /** The film as it came; null until it is there. */
  readonly source: () => ViewerImage | null;
  readonly open: (film: FilmId | null) => void;
  readonly toWorklist: () => void;
  readonly toggleKeys: () => void;
  readonly closeKeys: () => void;
}

export function readActions(desk: ReadState, room: ReadRoom): ReadActions {
  async function nextToDo(): Promise<void> {
    const from = desk.reading;
    if (from === null) return;
    const next = await desk.nextUnfinished().catch(() => null);
    // Another film was opened meanwhile.
    if (desk.reading !== from) return;
    if (next === null) room.toWorklist();
    else room.open(next);
  }
  const change = (words: string, act: (view: ViewState) => void, gesture: string | null = null): void => {
    const before = desk.view.snapshot;
    act(desk.view);
    desk.reading?.sheet.viewChanged(desk.view, before, words, gesture);
  };
  const focus = (id: string): void => document.getElementById(id)?.focus();

  return {
    digit: (index) => {
      const question = desk.reading?.plan.questions[desk.question];
      if (!desk.reading?.canSay || question?.answers[index] === undefined) return;
      desk.reading.answer(question.id, index);
      desk.question = desk.nextQuestion(desk.question);
    },
    question: (step) => {
      const last = (desk.reading?.plan.questions.length ?? 1) - 1;
      desk.question = Math.min(last, Math.max(0, desk.question + step));
    },
    film: (step) => room.open((step > 0 ? desk.reading?.opened.next : desk.reading?.opened.previous) ?? null),
    nextToDo: () => void nextToDo(),
    sign: () => {
      if (desk.reading === null) return;
      if (!desk.reading.may('sign')) {
        if (desk.reading.work === 'done') void nextToDo();
        return;
      }
      const open = desk.reading.missing[0];
      if (open === undefined) void desk.reading.take('sign').then((done) => done && (desk.tool = 'window'));
      else desk.question = desk.reading.plan.questions.indexOf(open);
    },
    reveal: () =>
      void desk.reading?.take('reveal').then((done) => {
        if (done) document.getElementById('review-model')?.scrollIntoView({ block: 'center' });
      }),
    takeUp: () => void desk.reading?.take('revise'),
    finding: () => focus(desk.reading?.sheet.selected ? 'review-mark-finding' : 'review-new-finding'),
    confidence: () => desk.reading?.canSay && raiseConfidence(desk.reading.drawn),
    note: () => focus('review-note'),
    verdictNote: () => focus('review-verdict-note'),
    keyImage: () => desk.reading?.toggleKeyFrame(desk.frame),
    modelFinding: (step) => {
      const count = judgeable(desk.model.value).length;
      desk.modelAt = Math.min(Math.max(0, count - 1), Math.max(0, desk.modelAt + step));
    },
    judge: (verdict) => desk.judge(verdict),
    tool: (tool) => {
      desk.reading?.sheet.cancel();
      desk.tool = desk.tool === tool ? 'window' : tool;
    },
    place: () => desk.reading?.canSay && placeMark(desk.reading.drawn, desk.tool, desk.view, room.source()),
    undo: () => desk.reading?.undo(),
    redo: () => desk.reading?.redo(),
    preset: () => {
      const at = WINDOW_PRESETS.findIndex(({ name }) => name === desk.view.preset);
      const shown = room.source();
      if (shown === null) return;
      change('Window', (view) => view.usePreset((at + 1) % WINDOW_PRESETS.length, shown));
    },
    window: (choice) => {
      const shown = room.source();
      if (shown !== null) change('Window', (view) => view.chooseWindow(choice, shown));
    },
    invert: () => change('Inverted', (view) => view.invert(room.source())),
    zoom: (factor) => change('Zoom', (view) => view.zoomBy(factor), 'keys-zoom'),
    turn: (quarters) => change('Turned', (view) => view.turn(quarters)),
    flip: (axis) => change('Flipped', (view) => view.flip(axis)),
    reset: () => change('Reset', (view) => view.reset()),
    mask: () => (room.preferences.identityMasked = !room.preferences.identityMasked),
    sheet: room.toggleKeys,
    worklist: room.toWorklist,
    close: () => {
      const focused = document.activeElement;
      if (focused instanceof HTMLElement && focused.matches('input, textarea')) focused.blur();
      else if (desk.reading?.sheet.drawing) desk.reading.sheet.cancel();
      else if (desk.tool !== 'window') desk.tool = 'window';
      else if (focused instanceof HTMLElement && focused !== document.body) focused.blur();
      else room.closeKeys();
    },
  };
}
