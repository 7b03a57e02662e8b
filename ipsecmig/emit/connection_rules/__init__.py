"""From a policy to connection security rules of Windows Firewall: what the targets for these have in common.

Every filter of an active rule becomes a rule of its own; a tunnel, which is two rules in the policy, one. Its source is
endpoint 1, its destination endpoint 2. What such rules cannot say is withheld with a reason, never said otherwise:

- Rules are symmetric: a filter for one direction that protects is widened to both, one that permits is withheld.
- They have no word for this host. `me` becomes the addresses of the site inventory; without these only `me` to `any`
  with the same ports at both ends is the same as `any` to `any`, and everything else waits for a person.
- They cannot block. Rules of the firewall can, but these prevail over whatever lies inside them, which the filters of a
  policy do not; so none is made, and each block is a loss.
- In transport mode they leave alone what the host forwards.
- Of rules inside others nothing is documented but that exemptions prevail. Such rules stand, each with a loss, and what
  is written is read back under the assumption that Windows follows the narrower one.
"""
