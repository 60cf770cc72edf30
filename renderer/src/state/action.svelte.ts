/** @file One thing that a person asks for with a button: busy while it runs, a notice when it fails. */
import { noticeOf, type Notice } from '../rpc/notice.ts';

export class Action {
  busy = $state(false);
  notice = $state.raw<Notice | null>(null);

  /** Runs `work` unless it runs already. True when it succeeded. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.notice = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.notice = noticeOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
