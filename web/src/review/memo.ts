/** A component that is rendered again only when one of its properties is another one. */
import { Component, h, type ComponentChild, type FunctionComponent } from 'preact';

export function memo<Props extends object>(render: (props: Props) => ComponentChild): FunctionComponent<Props> {
  class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const keys = new Set([...Object.keys(this.props), ...Object.keys(next)]) as Set<keyof Props>;
      for (const key of keys) {
        // A handler made anew at each rendering does the same as the one before.
        if (typeof next[key] === 'function') continue;
        if (this.props[key] !== next[key]) return true;
      }
      return false;
    }

    override render(props: Props): ComponentChild {
      return render(props);
    }
  }
  return (props) => h(Memo as never, props as never);
}
