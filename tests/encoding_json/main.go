// What Go's encoding/json, by which the daemon reads, understands of bodies. The types, and `fresh`, which makes an empty one
// for each body, are in types.go: the test writes it from the field table.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
)

// Engines up to 28 take one text for a list of one (moby api/types/strslice).
type strSlice []string

func (e *strSlice) UnmarshalJSON(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	p := make([]string, 0, 1)
	if err := json.Unmarshal(b, &p); err != nil {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		p = append(p, s)
	}
	*e = p
	return nil
}

// Reads bodies, each behind the number of its type and its length, and answers each with what it was understood to be, as
// JSON behind its length; or with nothing, where it was refused.
func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var head [2]uint32
		if err := binary.Read(in, binary.LittleEndian, &head); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		body := make([]byte, head[1])
		if _, err := io.ReadFull(in, body); err != nil {
			panic(err)
		}
		understood := understand(fresh(head[0]), body)
		binary.Write(out, binary.LittleEndian, uint32(len(understood)))
		out.Write(understood)
	}
}

// As moby's httputils.ReadJSON does.
func understand(value interface{}, body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(value); err != nil || decoder.More() {
		return nil
	}
	understood, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return understood
}
