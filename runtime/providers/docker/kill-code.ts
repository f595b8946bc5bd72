/** Shell code that ends process trees. */
import { MARKER } from "./stub";

/**
 * Shell function `m_kill MARK SESSION`: kills every process that leads back to a command: by session (the stub's own; 0 when it is not
 * known), by the mark in its environment, or by a parent that is one of them; again and again until none is left. Builtins only, so that
 * it works when the environment may start no more processes. Fails when some are left after all.
 */
const KILL = `
m_kill() {
  m_mark=$1
  m_sid=$2
  m_r=0
  while [ $m_r -lt 300 ]; do
    m_r=$((m_r + 1))
    m_set=' '
    m_grown=1
    while [ $m_grown = 1 ]; do
      m_grown=0
      for m_p in /proc/[0-9]*; do
        m_q=\${m_p#/proc/}
        if [ $m_q = $$ ] || [ $m_q = 1 ]; then continue; fi
        case "$m_set" in *" $m_q "*) continue ;; esac
        m_t=
        { IFS= read -r m_t <$m_p/stat; } 2>/dev/null
        [ -n "$m_t" ] || continue
        set -- \${m_t##*) }
        if [ "$1" = Z ] || [ "$1" = X ]; then continue; fi
        m_hit=0
        if [ $m_sid != 0 ] && [ "$4" = $m_sid ]; then m_hit=1; fi
        case "$m_set" in *" $2 "*) m_hit=1 ;; esac
        if [ $m_hit = 0 ]; then
          m_e=
          { while IFS= read -r m_l || [ -n "$m_l" ]; do m_e="$m_e$m_l"; m_l=; done <$m_p/environ; } 2>/dev/null
          case "$m_e" in *"$m_mark"*) m_hit=1 ;; esac
        fi
        if [ $m_hit = 1 ]; then m_set="$m_set$m_q "; m_grown=1; fi
      done
    done
    m_e=
    [ "$m_set" = ' ' ] && return 0
    kill -KILL $m_set 2>/dev/null
  done
  return 1
}
`;

/** Kills one command; its exit code is 0 when nothing is left. */
export function killCode(marker: string, session: number): string {
  return `${KILL}m_kill '${MARKER}=${marker}' ${session}\nm_c=$?\nm_ooms\nm_say $m_c 0 "$m_o"\n`;
}

/**
 * Waits for the end of its input, which comes with the end of its owner, and kills the commands that were running then: lines
 * `+MARKER SESSION` and `-MARKER SESSION` tell which do. A line `.` ends it in peace.
 */
export const GUARD = `${KILL}
m_on=' '
while IFS= read -r m_l; do
  case "$m_l" in
    .) m_say 0 0 0; exit 0 ;;
    +*) m_on="$m_on\${m_l#+};" ;;
    -*) m_x="\${m_l#-};"; case "$m_on" in *"$m_x"*) m_on="\${m_on%%"$m_x"*}\${m_on#*"$m_x"}" ;; esac ;;
  esac
done
IFS=';'
for m_x in $m_on; do
  IFS=' '
  set -- $m_x
  [ -n "$1" ] && m_kill '${MARKER}='"$1" "$2"
done
exit 0
`;
