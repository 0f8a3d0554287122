"""PromQL as trees, so that what fails can be made smaller.

A node's template is a list: text, the index of a child, or ("extra", index) for a part that may be
left out.
"""

import dataclasses


@dataclasses.dataclass
class Node:
    type: str  # scalar, vector, matrix or string
    template: list
    children: list
    extras: list

    def text(self) -> str:
        out = []
        for part in self.template:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, int):
                out.append(self.children[part].text())
            else:
                out.append(self.extras[part[1]])
        return "".join(out)

    def descendants(self):
        for child in self.children:
            yield child
            yield from child.descendants()


def node(type, template, children=(), extras=()) -> Node:
    return Node(type, list(template), list(children), list(extras))


def smaller(tree: Node):
    """Trees with one thing left out, the biggest cuts first."""
    for inner in tree.descendants():
        if inner.type in ("vector", "scalar") or inner.type == tree.type:
            yield inner
    yield from _inside(tree)


def _inside(tree: Node):
    for place, child in enumerate(tree.children):
        for inner in child.descendants():
            if inner.type == child.type:
                yield _with_child(tree, place, inner)
        for changed in _inside(child):
            yield _with_child(tree, place, changed)
        if child.type == "scalar" and child.text() not in ("1", "2"):
            yield _with_child(tree, place, node("scalar", ["2"]))
    for place, extra in enumerate(tree.extras):
        if extra:
            extras = list(tree.extras)
            extras[place] = ""
            yield Node(tree.type, tree.template, tree.children, extras)


def _with_child(tree: Node, place: int, child: Node) -> Node:
    children = list(tree.children)
    children[place] = child
    return Node(tree.type, tree.template, children, tree.extras)
