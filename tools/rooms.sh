#!/bin/sh
# rooms.sh [FOLDER]: the rooms of a part of the source tree (its folders; files beside them are one room, '.') and the
# includes between them, in the order in which the fewest of these arrows point up. sim by default. Needs awk only.
set -eu
cd "$(dirname "$0")/.."
part=${1:-sim}
find "$part" \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.inl' \) | sort | xargs grep -Hn '^ *# *include "' |
  awk -v part="$part" '
    BEGIN { rooms = 0 }
    function room_of(path, rest) {
      rest = substr(path, length(part) + 2)
      return index(rest, "/") ? substr(rest, 1, index(rest, "/") - 1) : "."
    }
    function number_of(room) {
      if (!(room in number)) { number[room] = rooms; name[rooms++] = room }
      return number[room]
    }
    {
      split($0, field, ":")
      included = $0
      sub(/^[^"]*"/, "", included)
      sub(/".*/, "", included)
      from = number_of(room_of(field[1]))
      if (index(included, part "/") != 1) next
      to = number_of(room_of(included))
      if (from == to) next
      includes[from, to]++
      place[from, to] = place[from, to] "\n      " field[1] ":" field[2] " includes " included
    }
    END {
      # best[set]: the fewest arrows up among the rooms of a set that lie at the bottom; last[set]: the topmost of them.
      all = 2 ^ rooms
      for (set = 1; set < all; set++) {
        best[set] = -1
        for (top = 0; top < rooms; top++) {
          if (int(set / 2 ^ top) % 2 == 0) continue
          rest = set - 2 ^ top
          up = best[rest] + 0
          for (low = 0; low < rooms; low++) if (int(rest / 2 ^ low) % 2 && (low, top) in includes) up++
          if (best[set] < 0 || up < best[set]) { best[set] = up; last[set] = top }
        }
      }
      for (set = all - 1; set > 0; set -= 2 ^ last[set]) order[++placed] = last[set]
      for (i = 1; i <= rooms; i++) height[order[i]] = rooms - i
      printf "%s: %d rooms, from the top; each stands on the rooms behind its arrow (number of includes)\n", part, rooms
      for (i = 1; i <= rooms; i++) {
        line = ""
        for (j = i + 1; j <= rooms; j++)
          if ((order[i], order[j]) in includes) line = line sprintf(" %s(%d)", name[order[j]], includes[order[i], order[j]])
        printf "  %-12s%s\n", name[order[i]], line == "" ? "" : "->" line
      }
      printf "arrows up: %d\n", best[all - 1]
      for (pair in includes) {
        split(pair, two, SUBSEP)
        if (height[two[1]] < height[two[2]]) printf "  %s -> %s (%d)%s\n", name[two[1]], name[two[2]], includes[pair], place[pair]
      }
    }'
