/** What `call_later` fetches: the screens of the call, and their words. */
import { addText } from '../base/text';
import { later } from './text';

export { CallView } from './call_view';

/** The words in the language that is shown; throws when they did not come. */
export const words = (): Promise<void> => addText(later);
